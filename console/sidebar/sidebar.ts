/** What of Node-RED's plugin interface is used. */
interface PluginApi {
  plugins: { registerPlugin(id: string, definition: { type: string }): void };
}

/** The tab of the editor that shows the figures of the open flow; all of it runs in the browser (resources/sidebar.js). */
export = (RED: PluginApi): void =>
  RED.plugins.registerPlugin('ledgerway-sidebar', { type: 'ledgerway-sidebar' });

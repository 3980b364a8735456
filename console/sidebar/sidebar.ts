/** What of Node-RED's plugin interface is used. */
interface PluginApi {
  plugins: { registerPlugin(id: string, definition: object): void };
}

/** The tab of the editor that shows the figures of the open flow; all of it runs in the browser (resources/sidebar.js). */
export = (RED: PluginApi): void =>
  RED.plugins.registerPlugin('ledgerway-sidebar', {
    type: 'ledgerway-sidebar',
    // the runtime says that it has a console; a bare Node-RED with our nodes does not
    settings: { '*': { exportable: true } },
  });

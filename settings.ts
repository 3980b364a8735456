/**
 * The settings of Node-RED that do not depend on a data folder; `runtime/` adds what does (folders, login, store).
 * An operator's own settings go into a file named by LEDGERWAY_SETTINGS, which is laid over these.
 *
 * Must compile to `module.exports =`: with `export default` Node-RED would boot with defaults, and without a login.
 */
const settings = {
  httpAdminRoot: '/',
  httpNodeRoot: '/',
  /** A finance flow changes by deployed bundles, not by modules that the editor installs at run time. */
  externalModules: {
    autoInstall: false,
    palette: { allowInstall: false },
    modules: { allowInstall: false },
  },
  /** No function node reaches the process or the disk through globals. */
  functionExternalModules: false,
  functionGlobalContext: {},
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: {
    page: { title: 'Ledgerway' },
    header: { title: 'Ledgerway' },
    tours: false,
    projects: { enabled: false },
    palette: { categories: ['ledgerway', 'common', 'function', 'network', 'sequence', 'parser', 'storage'] },
  },
  /** The editor's deploy carries whole flows with their mappings' tables. */
  apiMaxLength: '10mb',
  diagnostics: { enabled: true, ui: true },
  runtimeState: { enabled: false, ui: false },
};

export = settings;

export { configOf, layoutOf, type RuntimeConfig, storeOf } from './config';
export type { Credentials } from './credentials';
export { deployedEntity } from './entities';
export { openLog } from './log';
export { type ConnectionCheck, checkConnection } from './odoo-checks';
export { connectionNamed, type OdooConnection, odooConnections } from './odoo-connections';
export { type Runtime, startRuntime } from './start';
export { installTemplate } from './template';
export { anchorsOf, retentionOf } from './upkeep';

export { configOf, layoutOf, type RuntimeConfig, storeOf } from './config';
export type { Credentials } from './credentials';
export { type DeployedNode, deployedNodes } from './flows';
export { openLog } from './log';
export { type Runtime, startRuntime } from './start';
export { installTemplate } from './template';
export { anchorsOf, retentionOf } from './upkeep';

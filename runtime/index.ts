export { configOf, layoutOf, type RuntimeConfig, storeOf } from './config';
export { openLog } from './log';
export { type Runtime, startRuntime } from './start';
export { type Credentials, installTemplate } from './template';
export { anchorsOf, retentionOf } from './upkeep';

export { applyFix } from './mapping-fix';
export { MappingFolder, type MappingProblem, type MappingSource, openMappingFolder } from './mapping-folder';

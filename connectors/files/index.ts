export { type MappingProblem, type MappingSource, openMappingFolder } from './mapping-folder';

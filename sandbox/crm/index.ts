export type { CrmObject, CrmWrite } from './objects';
export { CRM_API_KEY, type CrmOptions, startCrm } from './server';

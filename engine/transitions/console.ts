import { documentTrace } from './document-trace';
import { exceptionDocuments, exceptionFacets, exceptionList } from './exception-list';
import { backlogs, changesSince, feeds, pipelineEntities, targetUse } from './monitor';
import { charts, overview } from './overview';
import { documentList, documentOfException, isVisible, references, stepsInDoubt } from './search';

/** What the console reads; none of it waits for a writer. */
export const CONSOLE_READS = {
  overview,
  charts,
  exceptionList,
  exceptionFacets,
  exceptionDocuments,
  documentList,
  documentTrace,
  documentOfException,
  isVisible,
  references,
  stepsInDoubt,
  backlogs,
  targetUse,
  feeds,
  pipelineEntities,
  changesSince,
} as const;

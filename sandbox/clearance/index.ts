export type { NotifyTarget } from './notifier';
export type { SubmissionView } from './registry';
export { CLEARANCE_TOKEN, type ClearanceOptions, startClearance } from './server';

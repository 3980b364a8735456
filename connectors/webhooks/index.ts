export { type BackfilledEvent, type BackfillOptions, backfillEvents } from './backfill';
export { type EventPointers, type EventReader, parseEvent, readerOf, type SourceEvent } from './events';
export type { HmacOptions } from './hmac';
export type { Headers, Scheme, SignInput, Verified, VerifyInput } from './scheme';
export { addScheme, type SchemeConfig, schemeNames, schemeOf, signTestHeader, verify } from './schemes';

export {
  type Api,
  type ApiAnswer,
  type ApiOptions,
  type ApiWrite,
  httpApi,
  type WriteMethod,
} from './http-api';

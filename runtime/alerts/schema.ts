const minutes = { type: 'number', minimum: 0 };
const period = { type: 'number', exclusiveMinimum: 0 };
const names = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 };
const NAME = '^[a-z0-9][a-z0-9-]{0,62}$';
const url = { type: 'string', pattern: '^https?://[^\\s@]+$' };

type Members = Record<string, object>;

const strict = (type: string, members: Members, required: readonly string[]) => ({
  type: 'object',
  properties: { type: { const: type }, ...members },
  required: ['type', ...required],
  additionalProperties: false,
});

const route = (type: string, members: Members) => strict(type, members, Object.keys(members));

const common: Members = {
  name: { type: 'string', pattern: NAME },
  severity: { enum: ['critical', 'warning', 'info'] },
  routes: names,
  windowMinutes: period,
  escalateAfterMinutes: period,
  escalateTo: names,
};

const which: Members = {
  entities: names,
  kinds: names,
  pipelines: names,
  minAmount: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' },
  currency: { type: 'string', pattern: '^[A-Z]{3}$' },
  minCount: { type: 'integer', minimum: 1 },
};

const rule = (type: string, members: Members, ...required: string[]) =>
  strict(type, { ...common, ...members }, ['name', 'severity', ...required]);

const oneOf = (...kinds: object[]) => ({
  type: 'object',
  discriminator: { propertyName: 'type' },
  required: ['type'],
  oneOf: kinds,
});

/** JSON Schema of LEDGERWAY_ALERTS. */
export const ALERT_CONFIG = {
  type: 'object',
  additionalProperties: false,
  properties: {
    routes: {
      type: 'object',
      propertyNames: { pattern: NAME },
      additionalProperties: oneOf(
        route('webhook', { url, secret: { type: 'string', pattern: '^whsec_[A-Za-z0-9+/=]{32,}$' } }),
        route('slack', { url }),
        route('email', {
          to: names,
          from: { type: 'string', minLength: 3 },
          smtp: { type: 'string', pattern: '^smtps?://\\S+$' },
        }),
      ),
    },
    rules: {
      type: 'array',
      items: oneOf(
        rule('exceptions', {
          ...which,
          classes: names,
          codes: names,
          olderThanMinutes: minutes,
          dueWithinMinutes: minutes,
        }),
        rule('delayed', { ...which, olderThanMinutes: minutes }, 'olderThanMinutes'),
        rule('pipeline-stalled', { afterMinutes: minutes, pipelines: names }, 'afterMinutes'),
        rule('breaker-open', { afterMinutes: minutes, targets: names }, 'afterMinutes'),
        rule('key-expiry', { withinDays: minutes }, 'withinDays'),
        rule('feed-stale', { afterMinutes: minutes, feeds: names }, 'afterMinutes'),
        rule('tie-broken', { entities: names }),
      ),
    },
  },
};

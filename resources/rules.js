/*
 * Validators of the node dialogs. Each gives true, or a sentence of the node's own message catalogue.
 * A value that is wholly `${NAME}` comes from the environment and is not looked at.
 */
(() => {
  window.Ledgerway ??= {};
  const { Ledgerway } = window;
  if (Ledgerway.tests) return;

  const text = (value) => (value === undefined || value === null ? '' : String(value).trim());
  const isEnvironment = (value) => /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text(value));

  function isDay(value) {
    if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
    const time = Date.parse(`${value}T00:00:00Z`);
    return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
  }

  function isTimeZone(value) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: value });
      return /^(UTC|[A-Za-z_]+\/[A-Za-z0-9_+/-]+)$/.test(value);
    } catch {
      return false;
    }
  }

  function isUrl(value) {
    if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
    const { username, password } = new URL(value);
    return username === '' && password === '';
  }

  const currencies = new Set(Intl.supportedValuesOf('currency'));

  Ledgerway.tests = {
    filled: (value) => value !== '',
    key: (value) => /^[a-z0-9_]+$/.test(value),
    system: (value) => /^[a-z0-9_-]+$/.test(value),
    path: (value) => /^(\/[A-Za-z0-9._~-]+)+$/.test(value),
    url: isUrl,
    header: (value) => /^[A-Za-z0-9-]+$/.test(value),
    prefix: (value) => /^[a-z][a-z0-9_]*$/.test(value),
    whole: (value) => /^\d+$/.test(value),
    positive: (value) => /^\d+$/.test(value) && Number(value) > 0,
    decimal: (value) => /^\d+(\.\d+)?$/.test(value),
    aboveZero: (value) => /^\d+(\.\d+)?$/.test(value) && Number(value) > 0,
    size: (value) => /^\d+(\.\d+)? ?(b|kb|mb|gb)?$/i.test(value),
    currency: (value) => /^[A-Z]{3}$/.test(value) && currencies.has(value),
    country: (value) => /^[A-Z]{2}$/.test(value),
    subdivision: (value) => /^[A-Z0-9]{1,3}$/.test(value),
    endpointScheme: (value) => /^\d{4}$/.test(value),
    day: isDay,
    clock: (value) => /^([01]\d|2[0-3]):[0-5]\d$/.test(value),
    timeZone: isTimeZone,
    pointer: (value) => /^\//.test(value),
    objectKind: (value) => /^[/=]./.test(value),
  };

  /** Whether a single value passes; a list passes when each of its members does. */
  Ledgerway.passes = (test, value, optional) => {
    if (Array.isArray(value))
      return value.length > 0
        ? value.every((each) => Ledgerway.passes(test, each, false))
        : Boolean(optional);
    const given = text(value);
    if (isEnvironment(given)) return true;
    if (given === '') return Boolean(optional);
    return test === undefined || Ledgerway.tests[test](given);
  };

  const say = (node, key, facts) => (node?._ ? node._(key, facts) : key);

  /** The value of a sister field: as it stands in the open dialog, otherwise as saved. */
  Ledgerway.present = (node, property) => {
    const prefix = node._def?.category === 'config' ? 'node-config-input' : 'node-input';
    const input = $(`#${prefix}-${property}`);
    return input.length > 0 ? input.val() : node[property];
  };

  Ledgerway.rule = (test, message, options = {}) =>
    function (value, opt) {
      if (options.when && !options.when.call(this)) return true;
      if (Ledgerway.passes(test, value, options.optional)) return true;
      return opt ? say(this, message) : false;
    };

  /** A configuration node that is there and is itself without error. */
  Ledgerway.reference = (message) =>
    function (value, opt) {
      const node = RED.nodes.node(value);
      if (isEnvironment(value) || (node && node.type !== 'unknown' && node.valid !== false)) return true;
      return opt ? say(this, message) : false;
    };

  const shapes = {
    rows: (value) => Array.isArray(value) && value.every((row) => row && typeof row === 'object'),
    list: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    map: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  };

  /** A value as rows, whatever its shape: list of objects, list of texts, or map of name to value. */
  Ledgerway.toRows = (value, columns, shape) => {
    if (!shapes[shape](value)) return [];
    if (shape === 'rows') return value;
    const [first, second] = columns;
    if (shape === 'list') return value.map((item) => ({ [first.name]: item }));
    return Object.entries(value).map(([name, item]) => ({ [first.name]: name, [second.name]: item }));
  };

  /** Whether a cell of a table passes the test of its column. */
  Ledgerway.cellPasses = (column, row) => {
    if (column.type === 'check' || column.type === 'flag') return true;
    return Ledgerway.passes(column.test, row[column.name], column.optional);
  };

  /** A table: of the right shape, each cell right, the key column (if any) without repetition. */
  Ledgerway.table = (columns, message, { shape = 'rows', filled = false, within, when } = {}) =>
    function (value, opt) {
      if (when && !when.call(this)) return true;
      const given = within && value ? value[within] : value;
      if (isEnvironment(given)) return true;
      const fault = (row) => (opt ? say(this, message, { row }) : false);
      if (given === undefined || given === '' || given === null) return filled ? fault(1) : true;
      if (!shapes[shape](given)) return fault(1);
      const rows = Ledgerway.toRows(given, columns, shape);
      if (filled && rows.length === 0) return fault(1);
      const wrong = rows.findIndex((row) => !columns.every((column) => Ledgerway.cellPasses(column, row)));
      if (wrong >= 0) return fault(wrong + 1);
      const keys = columns.filter((column) => column.key).map(({ name }) => name);
      if (keys.length === 0) return true;
      const seen = rows.map((row) => JSON.stringify(keys.map((name) => row[name])));
      const twice = seen.findIndex((key, at) => seen.indexOf(key) !== at);
      return twice < 0 ? true : fault(twice + 1);
    };
})();

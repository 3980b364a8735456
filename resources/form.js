/*
 * Parts of the node dialogs that Node-RED does not bring: tables for lists, check boxes for choices, tabs, secrets that
 * are written and never shown. All values go into the page as text.
 *
 *   oneditprepare: const form = Ledgerway.form(this); form.table('routes', { columns });
 *   oneditsave:    Ledgerway.save(this);
 */
(() => {
  window.Ledgerway ??= {};
  const { Ledgerway } = window;
  if (Ledgerway.form) return;

  const readers = new WeakMap();
  const base = `${RED.settings.apiRootUrl || ''}resources/@ledgerway/node-red/`;
  $('<link rel="stylesheet">').attr('href', `${base}form.css`).appendTo('head');

  const textOf = (value) => (value === undefined || value === null ? '' : String(value));
  const numberOr = (value) => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value);

  function fillList(list, column) {
    const id = `ledgerway-list-${Math.random().toString(36).slice(2)}`;
    const datalist = $('<datalist>').attr('id', id);
    for (const value of column.suggest()) $('<option>').attr('value', value).appendTo(datalist);
    list.attr('list', id).after(datalist);
  }

  function makeCell(node, column, value) {
    const label = node._(column.label);
    if (column.type === 'check')
      return $('<input type="checkbox">')
        .prop('checked', value === true)
        .attr('title', label);
    if (column.type === 'select') {
      const select = $('<select>').attr('title', label);
      for (const option of column.options)
        $('<option>')
          .attr('value', option)
          .text(node._(`${column.optionLabel}.${option}`))
          .appendTo(select);
      if (value !== undefined && !column.options.includes(value))
        $('<option>').attr('value', value).text(value).appendTo(select);
      return select.val(value ?? column.options[0]);
    }
    if (column.type === 'flag') {
      const select = $('<select>').attr('title', label);
      for (const option of ['true', 'false', 'any'])
        $('<option>')
          .attr('value', option)
          .text(node._(`${column.optionLabel}.${option}`))
          .appendTo(select);
      return select.val(value === undefined || value === '' ? 'any' : String(value));
    }
    const shown = Array.isArray(value) ? value.join(', ') : textOf(value);
    return $('<input type="text" spellcheck="false">')
      .val(shown)
      .attr({ title: label, placeholder: column.placeholder ?? '' });
  }

  function readCell(column, cell) {
    if (column.type === 'check') return cell.prop('checked');
    const value = cell.val().trim();
    if (column.type === 'flag') return value === 'any' ? '' : value === 'true';
    if (column.type === 'list')
      return value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    return column.type === 'number' ? numberOr(value) : value;
  }

  /** A row without what was left empty. */
  function readRow(columns, cells) {
    const row = {};
    for (const [at, column] of columns.entries()) {
      const value = readCell(column, cells[at]);
      if (value !== '' && !(Array.isArray(value) && value.length === 0)) row[column.name] = value;
    }
    return row;
  }

  const isBlank = (columns, row) =>
    columns.every(({ name, type }) => type === 'check' || row[name] === undefined);

  function fromRows(rows, columns, shape) {
    const [first, second] = columns;
    if (shape === 'list') return rows.map((row) => row[first.name]);
    if (shape === 'map')
      return Object.fromEntries(rows.map((row) => [row[first.name], row[second.name] ?? '']));
    return rows;
  }

  const widthOf = (column) => ({ flex: column.width ? `0 0 ${column.width}px` : '1 1 60px' });

  function header(node, columns) {
    const line = $('<div class="ledgerway-table-head">');
    for (const column of columns)
      $('<span>')
        .text(node._(column.label))
        .attr('title', node._(column.label))
        .css(widthOf(column))
        .appendTo(line);
    return line;
  }

  /** A list as an editable table; `element` is an `<ol>`. Gives how to read it. */
  function makeTable(node, element, value, { columns, shape = 'rows', height = 'auto' }) {
    const markCells = (cells) => {
      const row = readRow(columns, cells);
      const blank = isBlank(columns, row);
      for (const [at, column] of columns.entries())
        cells[at].toggleClass('input-error', !blank && !Ledgerway.cellPasses(column, row));
    };
    const addRow = (container, _index, row) => {
      const line = $('<div class="ledgerway-table-row">').appendTo(container);
      const cells = columns.map((column) => {
        const cell = makeCell(node, column, row[column.name]);
        const place = $('<span>').css(widthOf(column)).append(cell).appendTo(line);
        if (column.suggest) fillList(cell, column);
        place.toggleClass('ledgerway-table-check', column.type === 'check');
        return cell;
      });
      for (const cell of cells) cell.on('input change', () => markCells(cells));
      container.data('cells', cells);
      markCells(cells);
    };
    const read = () => {
      const rows = element
        .editableList('items')
        .toArray()
        .map((item) => readRow(columns, $(item).data('cells')))
        .filter((row) => !isBlank(columns, row));
      return fromRows(rows, columns, shape);
    };
    const fill = (rows) =>
      element.editableList('empty').editableList('addItems', Ledgerway.toRows(rows, columns, shape));
    const editAsJson = () =>
      RED.editor.editJSON({
        value: JSON.stringify(read(), null, 2),
        requireValid: true,
        focus: true,
        complete: (json) => fill(JSON.parse(json)),
      });
    element.addClass('ledgerway-table').editableList({
      header: header(node, columns),
      addItem: addRow,
      removable: true,
      sortable: true,
      height,
      buttons: [{ label: 'JSON', icon: 'fa fa-code', title: 'JSON', click: editAsJson }],
    });
    // Shallow copies: the list writes its own marks into the data of a row.
    element.editableList(
      'addItems',
      Ledgerway.toRows(value, columns, shape).map((row) => ({ ...row })),
    );
    return read;
  }

  function makeChoices(element, chosen, options) {
    element.addClass('ledgerway-choices');
    const known = new Set(options.map(({ value }) => value));
    const kept = chosen.filter((value) => !known.has(value)).map((value) => ({ value, label: value }));
    const boxes = [...options, ...kept].map(({ value, label }) => {
      const line = $('<label>').appendTo(element);
      const box = $('<input type="checkbox">')
        .val(value)
        .prop('checked', chosen.includes(value))
        .appendTo(line);
      $('<span>').text(label).appendTo(line);
      return box;
    });
    return () => boxes.filter((box) => box.prop('checked')).map((box) => box.val());
  }

  function makeTabs(node, list) {
    const panes = list.next('.ledgerway-panes').children();
    const tabs = RED.tabs.create({
      element: list,
      onchange: ({ id }) => panes.hide().filter(`[data-tab="${id}"]`).show(),
    });
    for (const pane of panes.toArray())
      tabs.addTab({ id: $(pane).data('tab'), label: node._($(pane).data('label')) });
  }

  /** A text area writes, and never shows, a secret; left empty, what is stored stays. */
  function makeSecret(area, input) {
    const stored = input.val() === '__PWRD__';
    if (stored) area.attr('placeholder', '••••••••');
    else area.val(input.val());
    area.on('input', () =>
      input.val(area.val() === '' && stored ? '__PWRD__' : area.val()).trigger('change'),
    );
  }

  class Form {
    constructor(node) {
      this.node = node;
      this.prefix = node._def.category === 'config' ? 'node-config-input' : 'node-input';
      this.read = {};
      readers.set(node, this);
    }

    input(property) {
      return $(`#${this.prefix}-${property}`);
    }

    /** The list in `property`, edited in the `<ol>` of the same name with `-rows` behind it. */
    table(property, options) {
      this.read[property] = this.rows(property, this.node[property], options);
    }

    /** Any list; gives how to read it. */
    rows(name, value, options) {
      return makeTable(this.node, this.input(`${name}-rows`), value, options);
    }

    /** How a property is read that the form puts together by itself. */
    reads(property, read) {
      this.read[property] = read;
    }

    choices(property, options) {
      const chosen = Array.isArray(this.node[property]) ? this.node[property] : [];
      this.read[property] = makeChoices(this.input(`${property}-choices`), chosen, options);
    }

    /** Fields whose digits are saved as a number. */
    numbers(...properties) {
      for (const property of properties)
        this.read[property] = () => numberOr(this.input(property).val().trim());
    }

    tabs(id) {
      makeTabs(this.node, $(`#${id}`));
    }

    secret(property) {
      makeSecret(this.input(`${property}-area`), this.input(property));
    }

    /** Calls `show` with the value of a select, now and after each change. */
    showWhen(property, show) {
      const select = this.input(property);
      select.on('change', () => show(select.val()));
      show(select.val());
    }
  }

  Ledgerway.form = (node) => new Form(node);

  Ledgerway.save = (node) => {
    const form = readers.get(node);
    for (const [property, read] of Object.entries(form?.read ?? {})) node[property] = read();
  };

  /** Documents that the pipelines know, in the order in which people meet them. */
  Ledgerway.kinds = [
    'invoice',
    'credit_note',
    'payment',
    'refund',
    'payout',
    'journal_entry',
    'bank_transaction',
    'party',
    'product',
  ];
  /** The same, and what Odoo tells as a source. */
  Ledgerway.sourceKinds = [
    ...Ledgerway.kinds,
    'odoo_invoice',
    'odoo_payment_state',
    'odoo_period',
    'odoo_record',
  ];

  /** Keys of the legal entities that the flows configure, on any tab. */
  Ledgerway.entityKeys = () => {
    const keys = new Set();
    RED.nodes.eachConfig((node) => {
      if (node.type === 'ledgerway-legal-entity' && node.key) keys.add(node.key);
    });
    return [...keys].sort();
  };
})();

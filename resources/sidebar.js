/*
 * The tab "finance" of the editor: backlog, figures and held documents of the open flow, as the console shows them,
 * and a badge at each node on which documents are held. Every figure leads to its list in the console.
 */
(() => {
  window.Ledgerway ??= {};
  const { Ledgerway } = window;
  if (Ledgerway.sidebar) return;

  const root = RED.settings.apiRootUrl || '/';
  const REFRESH_MS = 5_000;
  /** Node id → how many documents are held there, and where they are listed. */
  const held = new Map();

  async function read(path) {
    const { access_token: token } = RED.settings.get('auth-tokens') ?? {};
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(`${root}console/api/v1${path}`, { headers });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  const consoleLink = (path, query = {}) => `${root}console${path}?${new URLSearchParams(query)}`;

  const openNodes = () => RED.nodes.filterNodes({ z: RED.workspaces.active() });
  const pipelinesOf = (nodes) => nodes.filter(({ type }) => type === 'ledgerway-pipeline-in');

  /** Keys of the legal entities that the nodes of the flow are set to. */
  function entitiesOf(nodes) {
    const ids = nodes.flatMap(({ entity, entities }) => [
      entity,
      ...(Array.isArray(entities) ? entities : []),
    ]);
    const keys = ids.flatMap((id) => (id ? [RED.nodes.node(id)?.key] : []));
    return [...new Set(keys.filter(Boolean))];
  }

  /** A node's exceptions carry its name, or that of its kind. */
  const stepNames = ({ name, type }) => [name, type, type.replace('ledgerway-', '').replaceAll('-', ' ')];

  async function readFlow(nodes) {
    const entities = entitiesOf(nodes);
    const names = new Set(pipelinesOf(nodes).map(({ name }) => name));
    const [operations, facets, overviews] = await Promise.all([
      read('/pipelines'),
      Promise.all(entities.map((entity) => read(`/exceptions/facets?${new URLSearchParams({ entity })}`))),
      Promise.all(entities.map((entity) => read(`/overview?${new URLSearchParams({ entity })}`))),
    ]);
    return {
      pipelines: operations.pipelines.filter(({ name }) => names.has(name)),
      entities: entities.map((entity, index) => ({
        entity,
        held: facets[index].total,
        steps: facets[index].step,
        rows: overviews[index].rows.slice(-3),
      })),
    };
  }

  function markNodes(nodes, { entities }) {
    for (const node of nodes) {
      const steps = new Set(stepNames(node).filter(Boolean));
      let count = 0;
      let query;
      for (const { entity, steps: facet } of node.type.startsWith('ledgerway-') ? entities : [])
        for (const [step, n] of Object.entries(facet))
          if (step !== '' && steps.has(step)) {
            count += n;
            query = { step, ...(entities.length === 1 && { entity }) };
          }
      const before = held.get(node.id)?.count ?? 0;
      if (count > 0) held.set(node.id, { count, query });
      else held.delete(node.id);
      if (before !== count) {
        node.ledgerwayChanged = true;
        node.dirty = true;
      }
    }
    RED.view.redraw();
  }

  function badges(t) {
    RED.view.annotations.register('ledgerway-held', {
      type: 'badge',
      class: 'ledgerway-held',
      refresh: 'ledgerwayChanged',
      filter: ({ type }) => type.startsWith('ledgerway-'),
      show: ({ id }) => held.has(id),
      element({ id }) {
        const { count = 0, query } = held.get(id) ?? {};
        const svg = (name, attributes) => {
          const element = document.createElementNS('http://www.w3.org/2000/svg', name);
          for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
          return element;
        };
        const width = 12 + String(count).length * 7;
        const badge = svg('g', { cursor: 'pointer' });
        const text = svg('text', {
          x: width / 2,
          y: 11,
          'text-anchor': 'middle',
          'font-size': 11,
          fill: '#fff',
        });
        text.textContent = String(count);
        const title = svg('title', {});
        title.textContent = t('heldAt', { count });
        badge.append(title, svg('rect', { width, height: 15, rx: 7.5, fill: '#b3261e' }), text);
        badge.addEventListener('mousedown', (event) => event.stopPropagation());
        badge.addEventListener('click', (event) => {
          event.stopPropagation();
          if (query) window.open(consoleLink('/exceptions', query), 'ledgerway-console');
        });
        return badge;
      },
    });
  }

  const link = (text, path, query) =>
    $('<a>', { href: consoleLink(path, query), target: 'ledgerway-console', rel: 'noopener', text });

  /** Rows of two cells; every text goes into the page as text. */
  function facts(rows) {
    const table = $('<table class="ledgerway-facts">');
    for (const [name, value, tone] of rows) {
      const cell = $('<td>').addClass(tone ?? '');
      if (typeof value === 'object') cell.append(value);
      else cell.text(String(value));
      $('<tr>').append($('<th scope="row">').text(name), cell).appendTo(table);
    }
    return table;
  }

  function since(at) {
    if (!at) return '–';
    const minutes = Math.round((at - Date.now()) / 60_000);
    const unit =
      Math.abs(minutes) >= 1440 ? ['day', 1440] : Math.abs(minutes) >= 60 ? ['hour', 60] : ['minute', 1];
    return new Intl.RelativeTimeFormat(RED.i18n.lang() || 'en').format(
      Math.round(minutes / unit[1]),
      unit[0],
    );
  }

  function pipelineSection(pipeline, t) {
    const { name, paused, backlog, inFlight, oldestAt } = pipeline;
    return $('<section>').append(
      $('<h4>')
        .text(name)
        .append(paused ? $('<em>').text(` ${t('paused')}`) : ''),
      facts([
        [t('toMap'), backlog.source + backlog.mapping],
        [t('toPost'), backlog.posting],
        [t('inFlight'), inFlight],
        [t('oldest'), since(oldestAt)],
      ]),
    );
  }

  function entitySection({ entity, held: count, rows }, t) {
    const section = $('<section>').append(
      $('<h4>').text(entity),
      facts([[t('held'), link(String(count), '/exceptions', { entity }), count > 0 ? 'bad' : '']]),
    );
    for (const { period, currency, stages, ties } of rows) {
      const figure = (stage) =>
        link(
          currency
            ? `${stages[stage].count} · ${stages[stage].amount} ${currency}`
            : String(stages[stage].count),
          '/documents',
          { entity, period, currency, stage },
        );
      section.append(
        $('<h5>').text(period),
        facts([
          [t('received'), figure('received')],
          [t('posted'), figure('posted')],
          [t('retrying'), figure('retrying')],
          ['', ties ? t('ties') : t('doesNotTie'), ties ? 'good' : 'bad'],
        ]),
      );
    }
    if (rows.length === 0) section.append($('<p>').text(t('nothing')));
    return section;
  }

  Ledgerway.sidebar = (t) => {
    const content = $('<div class="ledgerway-sidebar">');
    $('<link rel="stylesheet">')
      .attr('href', `${root}resources/@ledgerway/node-red/sidebar.css`)
      .appendTo('head');
    const body = $('<div>').appendTo(content);
    $('<p>')
      .append(link(t('console'), '/', {}))
      .prependTo(content);
    RED.sidebar.addTab({
      id: 'ledgerway-figures',
      label: t('label'),
      name: t('name'),
      iconClass: 'fa fa-balance-scale',
      content,
      enableOnEdit: true,
    });
    badges(t);
    let running = false;
    async function refresh() {
      if (running || document.hidden) return;
      running = true;
      const nodes = openNodes();
      try {
        if (pipelinesOf(nodes).length === 0) return void body.empty().append($('<p>').text(t('noPipeline')));
        const flow = await readFlow(nodes);
        body
          .empty()
          .append(flow.pipelines.map((each) => pipelineSection(each, t)))
          .append(flow.entities.map((each) => entitySection(each, t)));
        markNodes(nodes, flow);
      } catch {
        body.empty().append($('<p>').text(t('noAccess')));
      } finally {
        running = false;
      }
    }
    RED.events.on('workspace:change', refresh);
    RED.events.on('runtime-state', refresh);
    setInterval(refresh, REFRESH_MS);
    refresh();
  };
})();

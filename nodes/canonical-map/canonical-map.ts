import type { MappingSource } from '../../connectors/files';
import type { Notes, RunContext } from '../../engine';
import { FinanceError } from '../../errors';
import {
  businessKey,
  contentHash,
  dayOf,
  headlineOf,
  type LegalEntity,
  type Mapped,
  type MappingDocument,
  mapDocument,
} from '../../finance';
import { configNode } from '../kit/config-nodes';
import { assertEntity, type KeyedDocument } from '../kit/documents';
import { textMapField } from '../kit/fields';
import type { NodeConfig, RedApi } from '../kit/red';
import { mappingsOf } from '../kit/settings';
import { defineStep } from '../kit/step-node';

interface CanonicalMapConfig extends NodeConfig {
  /** Id of a legal-entity node. */
  entity?: string;
  /** JSON: kind of the source document → name of its mapping. */
  source?: unknown;
}

/** What binds a mapping to its document. */
type Place = Pick<RunContext, 'documentId' | 'kind' | 'receivedAt' | 'pinned' | 'approval'>;

/**
 * Source document → canonical document → the entity's accounts, taxes and journals. Pure: what was used travels in
 * the notes and is written with the next write.
 */
export = (RED: RedApi): void =>
  defineStep<CanonicalMapConfig>(RED, 'ledgerway-canonical-map', {
    outputs: 2,
    failure: 1,
    make(config) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const sources = textMapField(config.source, 'source');
      const mappings = mappingsOf(RED);
      entityNode.entity();
      return {
        async inPipeline(msg, { context }) {
          const entity = entityNode.entity();
          assertEntity(context.entity, entity);
          assertMode(msg.source, entity);
          const mapped = await run(msg.payload, mappings, sources, entity, context);
          const document = mapped.document as KeyedDocument;
          context.notes = { ...context.notes, ...notesOf(mapped) };
          assertAllowed(document, entity, context);
          msg.payload = document;
          return { output: 0 };
        },
        async alone(msg) {
          const entity = entityNode.entity();
          const place: Place = {
            documentId: msg._msgid ?? '',
            kind: kindIn(msg.payload, sources),
            receivedAt: Date.now(),
          };
          const { document } = await run(msg.payload, mappings, sources, entity, place);
          assertAllowed(document as KeyedDocument, entity, place);
          msg.payload = document;
          return { output: 0 };
        },
      };
    },
  });

/** An ordinary flow does not say the kind: a map with one source needs none, others take it from the payload. */
function kindIn(payload: unknown, sources: Map<string, string>): string {
  const [only] = sources.keys();
  const said = (payload as { kind?: unknown } | null)?.kind;
  return sources.size === 1 && only !== undefined ? only : String(said ?? '');
}

async function run(
  input: unknown,
  mappings: MappingSource,
  sources: Map<string, string>,
  entity: LegalEntity,
  { documentId, kind, receivedAt, pinned }: Place,
): Promise<Mapped> {
  const name = sources.get(kind);
  if (name === undefined)
    throw new FinanceError('MAP_NOT_FOUND', {
      message: `This canonical map names no mapping for documents of kind ${kind || '(none)'}.`,
    });
  const day = dayOf(receivedAt, entity.timeZone);
  const find = (wanted: string): MappingDocument => {
    const used = pinned?.find((each) => each.name === wanted);
    return used ? mappings.pinned(used) : mappings.latest(wanted, day);
  };
  const stages: [MappingDocument, ...MappingDocument[]] = [find(name)];
  if (entity.mapping && entity.mapping !== name) stages.push(find(entity.mapping));
  return await mapDocument(input, stages, {
    documentId,
    receivedAt: new Date(receivedAt).toISOString(),
    entity: entity.key,
    timeZone: entity.timeZone,
  });
}

function notesOf({ document, used }: Mapped): Notes {
  const keyed = document as KeyedDocument;
  return {
    ...headlineOf(keyed),
    kind: keyed.kind,
    sourceId: keyed.source.id,
    mapping: used,
    canonical: JSON.parse(JSON.stringify(keyed)),
    businessKey: businessKey(keyed),
    contentHash: contentHash(keyed),
  };
}

/** Whatever the route says: nothing of test mode gets into live books. @throws SOURCE_TEST_MODE */
function assertMode(source: unknown, { key, mode }: LegalEntity): void {
  const { livemode } = (source ?? {}) as { livemode?: unknown };
  if (mode !== 'live' || livemode !== false) return;
  throw new FinanceError('SOURCE_TEST_MODE', {
    message: `A test-mode event came to the live entity ${key}.`,
  });
}

/** @throws DOCUMENT_OWNER, DOCUMENT_APPROVAL */
function assertAllowed(
  document: KeyedDocument,
  entity: LegalEntity,
  { approval }: Pick<Place, 'approval'>,
): void {
  const policy = entity.kinds[document.kind];
  if (!policy) return;
  const { system } = document.source;
  if (policy.owner !== system)
    throw new FinanceError('DOCUMENT_OWNER', {
      message: `${policy.owner} owns documents of kind ${document.kind} for ${entity.key}; this one comes from ${system}.`,
    });
  const hash = contentHash(document);
  if (policy.approval && approval?.contentHash !== hash)
    throw new FinanceError('DOCUMENT_APPROVAL', {
      message: `Documents of kind ${document.kind} need an approval for ${entity.key}.`,
      details: { contentHash: hash },
    });
}

import { join } from 'node:path';
import type { Backlog } from './backlog-child';
import { type Bench, child, figure, inFolder, message } from './kit';

const DOCUMENTS = 200_000;
const MOST_MEGABYTES = 100;
const LIMIT_SECONDS = 100;

/** How much a process grows while documents wait in its store. */
export const backlog: Bench = async ({ scale }) => {
  const count = Math.round(DOCUMENTS * scale);
  const found = await inFolder((folder) =>
    message<Backlog>(
      child(
        'backlog-child.js',
        [join(folder, 'store.db'), String(count), String(LIMIT_SECONDS)],
        ['--expose-gc'],
      ),
    ),
  );
  const note =
    found.documents < count
      ? `only ${found.documents} documents came in within ${LIMIT_SECONDS} s`
      : `${count} documents`;
  const most = { most: MOST_MEGABYTES };
  return [
    figure(
      'RSS growth with a backlog',
      found.last.needed - found.first.needed,
      'MB',
      found.documents < count ? undefined : most,
      note,
    ),
    figure('the same with the garbage of the receives', found.last.asItStands - found.first.asItStands, 'MB'),
  ];
};

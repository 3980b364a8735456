import type { Model, Version } from '../core/model';
import { baseModels } from './base';
import { chartModels } from './chart';
import { moveModels } from './move-models';
import { Moves } from './moves';
import { Posting } from './posting';
import type { Sequences } from './sequence';

/** Every model that the sandbox has, for one version. */
export function allModels(version: Version, sequences: Sequences): Model[] {
  const moves = new Moves(sequences);
  const posting = new Posting(sequences, moves);
  return [...baseModels(version), ...chartModels(version), ...moveModels(version, { moves, posting })];
}

import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { ACTIONS, type ActionName } from '../../console/actions';
import { type ApiUser, permissionsOf, ROLES, type Role } from '../../console/api/permissions';
import { allowedActions, mayApprove, type Subject } from '../../console/decisions';
import { approvalLimits } from '../../engine';

const user = (role: Role, name = 'carla'): Pick<ApiUser, 'name' | 'permissions'> => ({
  name,
  permissions: permissionsOf([role]),
});

const HELD: Subject = {
  entity: 'acme_de',
  state: 'held',
  amount: '119.00',
  currency: 'EUR',
  open: true,
  code: 'ODOO_VALIDATION',
  isMapped: true,
  effectSince: 1_000,
  correctors: [],
  proposed: [],
};
const LIMITS = approvalLimits('{"EUR": "100"}');

const of = (role: Role, more: Partial<Subject> = {}, limits = LIMITS) =>
  allowedActions(user(role), { ...HELD, ...more }, limits);
const names = (role: Role, more: Partial<Subject> = {}) =>
  ACTIONS.filter((action) => of(role, more)[action].allowed);

describe('Who may decide what', () => {
  it('by role', () => {
    const work: ActionName[] = ['assign', 'comment', 'tag'];
    const clerk: ActionName[] = [...work, 'retry', 'retry-from', 'correct', 'link', 'skip', 'reject'];
    const expected: Record<Role, ActionName[]> = {
      integrator: work,
      operator: [],
      clerk,
      approver: work,
      auditor: [],
      admin: clerk,
    };
    for (const role of Object.keys(ROLES) as Role[]) assert.deepEqual(names(role), expected[role], role);
  });

  it('a closed exception takes comments, and nothing else', () => {
    assert.deepEqual(names('admin', { open: false, state: 'settled' }), ['comment']);
    const { retry } = of('admin', { open: false, state: 'ready' });
    assert.deepEqual(retry, { allowed: false, why: 'state' });
  });

  it('above the limit a second person is asked, once; a plain retry needs nobody', () => {
    const actions = of('clerk');
    assert.deepEqual(actions.retry, { allowed: true, second: false });
    for (const name of ['retry-from', 'correct', 'link', 'skip', 'reject'] as const)
      assert.deepEqual(actions[name], { allowed: true, second: true }, name);
    assert.deepEqual(of('clerk', { proposed: ['skip'] }).skip, { allowed: false, why: 'proposed' });
    assert.deepEqual(of('clerk', { amount: '99.99' }).skip, { allowed: true, second: false });
    const unlimited = allowedActions(user('clerk'), HELD);
    assert.deepEqual(unlimited.skip, { allowed: true, second: false });
  });

  it('what an action needs', () => {
    const why = (action: ActionName, more: Partial<Subject>) => {
      const answer = of('clerk', more)[action];
      return answer.allowed || answer.why;
    };
    assert.equal(why('retry-from', { effectSince: undefined }), 'no-effect');
    assert.equal(why('retry-from', { correctedAt: 2_000 }), 'corrected');
    assert.equal(why('retry-from', { correctedAt: 500 }), true);
    assert.equal(why('retry-not-done', {}), 'not-in-doubt');
    assert.deepEqual(of('clerk', { code: 'RUN_IN_DOUBT' }, { entities: {} })['retry-not-done'], {
      allowed: true,
      second: true,
    });
    assert.equal(why('link', { isMapped: false }), 'not-mapped');
    assert.equal(why('mapping-fix', {}), 'no-entry');
    assert.equal(why('mapping-fix', { code: 'MAP_UNMAPPED' }), true);
  });

  it('what waits for an approval is released by who may approve and did not correct it; others propose it', () => {
    const waits = { code: 'DOCUMENT_APPROVAL' };
    assert.deepEqual(of('admin', waits).retry, { allowed: true, second: false });
    assert.deepEqual(of('admin', { ...waits, correctors: [' Carla'] }).retry, {
      allowed: true,
      second: true,
    });
    assert.deepEqual(of('clerk', waits).retry, { allowed: true, second: true });
    assert.deepEqual(of('approver', waits).retry, { allowed: true, second: false });
    assert.deepEqual(of('approver', { ...waits, correctors: ['carla'] }).retry, {
      allowed: false,
      why: 'permission',
    });
    assert.deepEqual(of('approver', waits).skip, { allowed: false, why: 'permission' });
  });

  it('an approval is by another person than the author and the correctors, of what did not change', () => {
    const name = fc.constantFrom('ann', 'Ann ', 'ANN', 'ben', 'eva');
    const state = fc.constantFrom('open', 'approved', 'refused', 'void');
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(ROLES) as Role[])),
        name,
        name,
        fc.array(name),
        state,
        fc.boolean(),
        (role, who, author, correctors, now, current) => {
          const proposal = { author, state: now as 'open', current };
          const answer = mayApprove(user(role, who), proposal, correctors);
          const plain = (text: string) => text.trim().toLowerCase();
          const isOther = ![author, ...correctors].map(plain).includes(plain(who));
          const isRole = role === 'approver' || role === 'admin';
          assert.equal(answer.allowed, isRole && isOther && now === 'open' && current);
        },
      ),
    );
  });
});

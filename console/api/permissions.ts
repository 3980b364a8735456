/** What a user may do with the API; each route asks for one of them. */
export const PERMISSIONS = [
  'documents.read',
  'exceptions.read',
  'exceptions.work',
  'exceptions.resolve',
  'proposals.approve',
  'pipelines.read',
  'pipelines.operate',
  'bodies.read',
  'consumers.manage',
  'export',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What an outside reader may be let do: to read. */
export const CONSUMER_FUNCTIONS = [
  'documents.read',
  'exceptions.read',
  'bodies.read',
  'export',
] as const satisfies readonly Permission[];

/** Roles and their permissions; who has several has all of theirs. Bodies and requests are masked without `bodies.read`. */
export const ROLES = {
  integrator: ['documents.read', 'exceptions.read', 'exceptions.work', 'pipelines.read', 'pipelines.operate'],
  operator: ['documents.read', 'exceptions.read', 'pipelines.read', 'pipelines.operate'],
  clerk: [
    'documents.read',
    'exceptions.read',
    'exceptions.work',
    'exceptions.resolve',
    'bodies.read',
    'pipelines.read',
  ],
  approver: [
    'documents.read',
    'exceptions.read',
    'exceptions.work',
    'proposals.approve',
    'bodies.read',
    'pipelines.read',
  ],
  auditor: ['documents.read', 'exceptions.read', 'pipelines.read', 'bodies.read', 'export'],
  admin: PERMISSIONS,
} as const satisfies Record<string, readonly Permission[]>;
export type Role = keyof typeof ROLES;

export const isRole = (text: string): text is Role => Object.hasOwn(ROLES, text);

/** Who calls the API, and what of it is theirs. */
export interface ApiUser {
  /** Name of a person, or `consumer:NAME`. */
  name: string;
  roles: readonly Role[];
  permissions: ReadonlySet<Permission>;
  /** Keys of the entities that they may see; undefined for all. */
  entities?: readonly string[];
  /** First and last period (YYYY-MM) that a consumer may see. */
  periodFrom?: string;
  periodTo?: string;
  locale?: string;
}

export function permissionsOf(roles: readonly Role[]): ReadonlySet<Permission> {
  return new Set(roles.flatMap((role): readonly Permission[] => ROLES[role]));
}

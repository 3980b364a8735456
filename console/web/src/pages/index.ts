import type { Component } from 'vue';

/** A page of the console; one that has an icon stands in the navigation. */
export interface Page {
  path: string;
  /** Key of its title: `page.<name>`. */
  name: string;
  icon?: string;
  /** Who lacks it does not see the page. */
  permission: string;
  load: () => Promise<{ default: Component }>;
}

/** In the order of the navigation. A new feature brings its own page here. */
export const PAGES: readonly Page[] = [
  {
    path: '/',
    name: 'overview',
    icon: 'grid',
    permission: 'documents.read',
    load: () => import('./overview/OverviewPage.vue'),
  },
  {
    path: '/exceptions/:id?',
    name: 'exceptions',
    icon: 'alert',
    permission: 'exceptions.read',
    load: () => import('./exceptions/ExceptionsPage.vue'),
  },
  {
    path: '/proposals',
    name: 'proposals',
    icon: 'check',
    permission: 'exceptions.read',
    load: () => import('./proposals/ProposalsPage.vue'),
  },
  {
    path: '/in-doubt',
    name: 'in-doubt',
    icon: 'question',
    permission: 'exceptions.read',
    load: () => import('./in-doubt/InDoubtPage.vue'),
  },
  {
    path: '/documents',
    name: 'documents',
    icon: 'search',
    permission: 'documents.read',
    load: () => import('./trace/DocumentsPage.vue'),
  },
  {
    path: '/documents/:id',
    name: 'trace',
    permission: 'documents.read',
    load: () => import('./trace/TracePage.vue'),
  },
  {
    path: '/pipelines',
    name: 'pipelines',
    icon: 'flow',
    permission: 'pipelines.read',
    load: () => import('./pipelines/PipelinesPage.vue'),
  },
  {
    path: '/consumers',
    name: 'consumers',
    icon: 'key',
    permission: 'consumers.manage',
    load: () => import('./consumers/ConsumersPage.vue'),
  },
];

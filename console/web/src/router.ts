import { createRouter, createWebHistory } from 'vue-router';
import { t } from './i18n';
import { PAGES } from './pages';

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    ...PAGES.map(({ path, name, permission, load }) => ({
      path,
      name,
      meta: { permission },
      component: load,
    })),
    { path: '/:rest(.*)*', redirect: '/' },
  ],
});

router.afterEach(({ name }) => {
  document.title = `${t(`page.${String(name)}`)} · Ledgerway`;
});

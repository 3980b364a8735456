import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** Built to dist/console/public, where the runtime serves it under /console. Nothing inline: the policy forbids it. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [vue()],
  build: {
    outDir: '../../dist/console/public',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { '/console/api': 'http://127.0.0.1:1880', '/auth': 'http://127.0.0.1:1880' } },
});

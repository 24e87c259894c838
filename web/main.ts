import { mount } from 'svelte';
import App from './App.svelte';
import { locale } from './lib/locale.svelte.ts';
import './tokens.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

try {
  await locale.begin();
  mount(App, { target });
  // Later than everything that somebody waits for.
  const keep = (): void => void import('./lib/offline.ts').then(({ keepShell }) => keepShell());
  if (document.readyState === 'complete') setTimeout(keep, 1_000);
  else window.addEventListener('load', () => setTimeout(keep, 1_000));
} catch (error) {
  console.error('the page could not begin', error);
  target.textContent = '页面没有加载完整，请刷新。The page did not load completely: reload it.';
}

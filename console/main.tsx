import '@xyflow/react/dist/base.css';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/task.css';
import './style/log.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { createQueryClient } from './data/queries';
import { showTheme } from './shell/theme';

showTheme();
const place = document.getElementById('console');
if (place === null) throw new Error('the page has no place for the console');
createRoot(place).render(
  <QueryClientProvider client={createQueryClient()}>
    <App />
  </QueryClientProvider>,
);

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { addDevicePlugin } from './plugins/addDevice';
import { agentsPlugin } from './plugins/agents';
import { askCellPlugin } from './plugins/askCell';
import { attachOutputPlugin } from './plugins/attachOutput';
import { clientPlugin } from './plugins/client';
import { devicesPlugin } from './plugins/devices';
import { launcherPlugin } from './plugins/launcher';
import { notifyPlugin } from './plugins/notify';
import { openDocumentsPlugin } from './plugins/openDocuments';
import { palettePlugin } from './plugins/palette';
import { practicePlugin } from './plugins/practice';
import { presencePlugin } from './plugins/presence';
import { projectsPlugin } from './plugins/projects';
import { queuePlugin } from './plugins/queue';
import { runningPlugin } from './plugins/running';
import { settingsPlugin } from './plugins/settings';
import { settingsTabPlugin } from './plugins/settingsTab';
import { sidebarPlugin } from './plugins/sidebar';
import { skillsPlugin } from './plugins/skills';
import { statusPlugin } from './plugins/status';
import { taskPlugin } from './plugins/task';
import { taskCardPlugin } from './plugins/taskCard';
import { terminalPlugin } from './plugins/terminal';

export * from './tokens';

/** One plugin per surface. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  clientPlugin,
  settingsPlugin,
  sidebarPlugin,
  taskPlugin,
  taskCardPlugin,
  terminalPlugin,
  statusPlugin,
  runningPlugin,
  launcherPlugin,
  practicePlugin,
  agentsPlugin,
  devicesPlugin,
  addDevicePlugin,
  projectsPlugin,
  queuePlugin,
  settingsTabPlugin,
  skillsPlugin,
  openDocumentsPlugin,
  attachOutputPlugin,
  askCellPlugin,
  palettePlugin,
  notifyPlugin,
  presencePlugin
];

export default plugins;

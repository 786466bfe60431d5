/** Ids of the commands, the same in palette, menus, shortcuts and tests. */
export const Commands = {
  openPanel: 'wegent:open-panel',
  newTask: 'wegent:new-task',
  openTask: 'wegent:open-task',
  openLatestTask: 'wegent:open-latest-task',
  stopTask: 'wegent:stop-task',
  tryPractice: 'wegent:try-practice',
  tryPracticeModel: 'wegent:try-practice-model',
  installAgent: 'wegent:install-agent',
  logIn: 'wegent:log-in'
} as const;

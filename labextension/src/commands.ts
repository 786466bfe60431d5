/** Ids of the commands, the same in palette, menus, shortcuts and tests. */
export const Commands = {
  openPanel: 'wegent:open-panel',
  openSettings: 'wegent:open-settings',
  newTask: 'wegent:new-task',
  openTask: 'wegent:open-task',
  openLatestTask: 'wegent:open-latest-task',
  stopTask: 'wegent:stop-task',
  resumeTask: 'wegent:resume-task',
  requeue: 'wegent:requeue',
  moveTurn: 'wegent:move-turn',
  dequeue: 'wegent:dequeue',
  tryPractice: 'wegent:try-practice',
  tryPracticeModel: 'wegent:try-practice-model',
  installAgent: 'wegent:install-agent',
  logIn: 'wegent:log-in',
  addDevice: 'wegent:add-device',
  renameDevice: 'wegent:rename-device',
  setSlots: 'wegent:set-slots',
  toggleDefault: 'wegent:toggle-default-device',
  deleteDevice: 'wegent:delete-device',
  revokeDevice: 'wegent:revoke-device'
} as const;

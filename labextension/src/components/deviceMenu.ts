import type { IDevice, ITask } from '../api/types';
import { Commands } from '../commands';
import { usable } from '../model/choices';
import type { MenuItem } from './menu';

/** What can be done with a device. */
export function deviceMenu(device: IDevice): MenuItem[] {
  const args = { device: device.device_id };
  const own: MenuItem[] = [
    { command: Commands.renameDevice, args },
    { command: Commands.setSlots, args },
    { command: Commands.toggleDefault, args },
    null,
    { command: Commands.openTerminal, args },
    { command: Commands.showSkills, args },
    ...device.agents
      .filter(agent => agent.ready && agent.device_login && !usable(agent))
      .map(agent => ({
        command: Commands.logIn,
        args: { ...args, agent: agent.id }
      }))
  ];
  return device.embedded
    ? own
    : [
        ...own,
        null,
        { command: Commands.deleteDevice, args },
        { command: Commands.revokeDevice, args }
      ];
}

/** What can be done with a turn that waits: the given one, else the task's first. */
export function queueMenu(
  { id: task, paused, queue_position }: ITask,
  turn?: { id: number; position: number | null }
): MenuItem[] {
  const args = { task, ...(turn ? { turn: turn.id } : {}) };
  const first = (turn ? turn.position : queue_position) === 1;
  const place = (to: string): MenuItem => ({
    command: Commands.requeue,
    args: { ...args, to }
  });
  return [
    ...(paused ? [{ command: Commands.resumeTask, args: { task } }, null] : []),
    ...(first ? [] : [place('first'), place('earlier')]),
    place('later'),
    place('last'),
    { command: Commands.moveTurn, args },
    null,
    { command: Commands.dequeue, args }
  ];
}

/** What managing devices and their queues takes and gives; mirrors `wegent_jupyter/protocol/managing.py`. */

import type { ITurn, IWorkspace, QueueReason } from './types';

export interface IMessage {
  message: string;
}

export interface IAliasMessage extends IMessage {
  alias: string;
}

export interface IRuntimeSettings {
  device_id: string;
  max_concurrent_tasks: number;
  active_tasks: number;
  queued_tasks: number;
}

export interface IRequeue {
  /** 1: next. Beyond the end: last. */
  position?: number;
  device_id?: string;
  workspace?: IWorkspace;
}

/** A turn that waits, at its place. */
export interface IQueuedTurn {
  /** 1 for the next. */
  position: number;
  task_title: string;
  reason: QueueReason | null;
  turn: ITurn;
}

export interface IQueue {
  device_id: string;
  items: IQueuedTurn[];
  total: number;
}

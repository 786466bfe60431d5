/** What the gateway's API takes and gives; mirrors `wegent_jupyter/protocol/api.py`, where every field is explained. */

export type Mode = 'edits' | 'plan' | 'full';
export type DeviceStatus = 'online' | 'busy' | 'reconnecting' | 'offline';
export type TurnState =
  'queued' | 'starting' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface IAgent {
  id: string;
  name: string;
  practice: boolean;
  ready: boolean;
  version: string | null;
  reason: string | null;
  fix: string | null;
}

export interface IRunningTask {
  task_id: number;
  subtask_id: number;
  title: string;
  status: TurnState;
  created_at: string | null;
}

export interface IDevice {
  device_id: string;
  name: string;
  status: DeviceStatus;
  device_type: 'local' | 'remote' | 'cloud' | 'app';
  embedded: boolean;
  is_default: boolean;
  slot_used: number;
  slot_max: number;
  queued: number;
  running_tasks: IRunningTask[];
  executor_version: string | null;
  last_heartbeat: string | null;
  agents: IAgent[];
  workspace_root: string | null;
  problem: string | null;
}

export interface ITurnError {
  code: string;
  message: string;
  fix: string | null;
}

export interface IUsage {
  input_tokens: number | null;
  output_tokens: number | null;
  total_tokens: number | null;
}

export interface ITurn {
  id: number;
  task_id: number;
  number: number;
  prompt: string;
  agent: string;
  practice: boolean;
  mode: Mode;
  device_id: string;
  state: TurnState;
  cancelling: boolean;
  attempt_id: number | null;
  error: ITurnError | null;
  usage: IUsage | null;
  stop_reason: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface ITask {
  id: number;
  title: string;
  agent: string;
  practice: boolean;
  mode: Mode;
  device_id: string;
  workspace: string | null;
  state: TurnState;
  cancelling: boolean;
  error: ITurnError | null;
  queue_position: number | null;
  turns: number;
  created_at: string;
  updated_at: string;
}

export interface ITaskDetail extends ITask {
  turn_list: ITurn[];
  last_pos: number;
}

interface IPlaced {
  item_id: string;
  /** Place within its attempt. */
  index: number;
}

export interface ITextItem extends IPlaced {
  kind: 'message' | 'thought';
  text: string;
}

export interface INoticeItem extends IPlaced {
  kind: 'notice';
  text: string;
  level: 'info' | 'warning';
}

export interface IDiff {
  path: string;
  old: string | null;
  new: string;
}

export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed';

export interface IToolItem extends IPlaced {
  kind: 'tool';
  title: string;
  /** ACP's kind of tool: read, edit, execute, search, … */
  tool: string;
  status: ToolStatus;
  input: unknown;
  output: string;
  diffs: IDiff[];
  locations: { path: string; line: number | null }[];
  seconds: number | null;
}

export interface IPlanEntry {
  content: string;
  status: 'pending' | 'in_progress' | 'completed';
  priority: string;
}

export interface IPlanItem extends IPlaced {
  kind: 'plan';
  entries: IPlanEntry[];
}

export type Item = ITextItem | INoticeItem | IToolItem | IPlanItem;

export interface IDelta extends IPlaced {
  kind: 'message' | 'thought' | 'output';
  /** Of `text` within the item, in code points. */
  offset: number;
  text: string;
}

interface IPlacedEvent {
  task_id: number;
  pos: number;
  turn_id: number;
  attempt_id: number | null;
}

/** One position of a task's history. */
export type TaskEvent = IPlacedEvent &
  (
    | { type: 'turn'; data: ITurn }
    | { type: 'delta'; data: IDelta }
    | { type: 'item'; data: Item }
  );

export interface ICreateTask {
  prompt: string;
  agent: string;
  mode: Mode;
  device_id?: string;
  /** Without a path: a new chat folder. */
  workspace: { path?: string };
  title?: string;
}

export interface ICreateTurn {
  prompt: string;
  mode?: Mode;
}

export interface ICreatedTask {
  task: ITask;
  turn: ITurn;
}

export interface ITaskList {
  items: ITask[];
  total: number;
}

export interface IVersion {
  name: string;
  version: string;
  protocol: number;
  state: 'running' | 'starting' | 'elsewhere' | 'broken';
  url: string | null;
  reason: string | null;
}

/** The body of every error answer. */
export interface IProblem {
  message: string;
  code: string;
  fix?: string | null;
}

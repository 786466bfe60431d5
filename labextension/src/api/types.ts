/** What the gateway's API takes and gives; mirrors the models in `wegent_jupyter/protocol`, where every field is explained. */

import type { IAttachment } from './attachments';
import type { IChangesItem } from './changes';
import type { IContextItem } from './context';
import type { ProviderKind } from './models';

export type Mode = 'ask' | 'edits' | 'plan' | 'full';
/** `practice`, the scripted one; else `PROVIDER/MODEL`. */
export type ModelName = string;
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
  path: string | null;
  /** Null: not known, or it needs no login. */
  logged_in: boolean | null;
  login_command: string | null;
  install_command: string | null;
  install_mb: number | null;
  /** A person may say where the program is. */
  accepts_path: boolean;
  /** Takes messages while it works. */
  steering: boolean;
  /** Models that it can be run with, beside its own and those of providers. */
  models: ModelName[];
  /** The API whose providers it can use; absent from devices that run since before there were any. */
  provider?: ProviderKind | null;
  /** It can be logged in there by a code. */
  device_login?: boolean;
}

export interface IAgentList {
  device_id: string;
  items: IAgent[];
}

export interface IRunningTask {
  task_id: number;
  subtask_id: number;
  title: string;
  status: TurnState;
  created_at: string | null;
  /** It waits for a person's answer. */
  waiting: boolean;
}

export type DeviceType = 'local' | 'remote' | 'cloud' | 'app';

export interface IDevice {
  device_id: string;
  /** The person's own name for it, else the device's. */
  name: string;
  status: DeviceStatus;
  device_type: DeviceType;
  bind_shell: string;
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
  /** Devices with the same value are executors on one machine. */
  machine: string | null;
  reported_name: string | null;
  /** While `reconnecting`: how long it may stay away before its turns fail. */
  reconnect_seconds: number | null;
  latest_version: string | null;
  update_available: boolean;
  client_ip: string | null;
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
  /** What the agent's session has cost so far, earlier turns included. */
  session_cost_usd: number | null;
}

export interface ITurn {
  id: number;
  task_id: number;
  number: number;
  prompt: string;
  agent: string;
  practice: boolean;
  mode: Mode;
  model: ModelName | null;
  device_id: string;
  /** Absent from histories that are older than attachments. */
  attachments?: IAttachment[];
  /** Absent from histories that are older than it. */
  context?: IContextItem[];
  state: TurnState;
  cancelling: boolean;
  /** It had counted as lost with its device, which came back and knew better. */
  corrected: boolean;
  /** What orders a queue, where a person changed the order. */
  position: number | null;
  attempt_id: number | null;
  error: ITurnError | null;
  usage: IUsage | null;
  stop_reason: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export type QueueReason =
  'offline' | 'earlier_message' | 'paused' | 'waiting_for_you' | 'slots';

/** A directory that a person named; a folder of the task's own; a Git worktree of its own. */
export type WorkspaceSource = 'local_path' | 'chat' | 'git_worktree';

export interface ITask {
  id: number;
  title: string;
  agent: string;
  practice: boolean;
  mode: Mode;
  model: ModelName | null;
  device_id: string;
  /** Null until a new chat folder or worktree was made. */
  workspace: string | null;
  workspace_source: WorkspaceSource;
  project_id: number | null;
  state: TurnState;
  cancelling: boolean;
  error: ITurnError | null;
  /** Approvals that wait for a person. */
  waiting: number;
  queue_position: number | null;
  /** Why it waits, when it does. */
  queue_reason: QueueReason | null;
  /** A message failed while others waited: they go on when a person says so. */
  paused: boolean;
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

/** What the user said to the agent while it worked. */
export interface ISteerItem extends IPlaced {
  kind: 'steer';
  text: string;
}

/** The workspace brings agent configuration, which is off until the path is trusted. */
export interface ITrustItem extends IPlaced {
  kind: 'trust';
  path: string;
  found: string[];
}

export interface IApprovalItem extends IPlaced {
  kind: 'approval';
  approval: IApproval;
}

export type Item =
  | ITextItem
  | INoticeItem
  | IToolItem
  | IPlanItem
  | ISteerItem
  | ITrustItem
  | IChangesItem
  | IApprovalItem;

export interface IChoice {
  label: string;
  description: string;
}

export interface IQuestion {
  question: string;
  header: string;
  multiple: boolean;
  /** Empty: any text. */
  options: IChoice[];
  /** Any text is an answer, too. */
  free: boolean;
}

export type ApprovalState =
  'open' | 'allowed' | 'denied' | 'expired' | 'withdrawn';

/** Something for which an agent needs a person. */
export interface IApproval {
  id: string;
  task_id: number;
  turn_id: number;
  attempt_id: number;
  device_id: string;
  agent: string;
  practice: boolean;
  task_title: string;
  asks: 'tool' | 'question' | 'plan';
  title: string;
  /** ACP's kind of tool. */
  tool: string;
  tool_item: string | null;
  workspace: string | null;
  input: unknown;
  diffs: IDiff[];
  /** What allowing it for the task would allow, in words; null: it cannot be. */
  scope: string | null;
  /** The answer may carry another `input`. */
  editable: boolean;
  questions: IQuestion[];
  state: ApprovalState;
  decision: IDecision | null;
  created_at: string;
  decided_at: string | null;
}

export type Answers = Record<string, string | string[]>;

export interface IDecision {
  decision: 'allow' | 'allow_task' | 'deny';
  reason?: string | null;
  /** Instead of the tool's own, where the approval is `editable`. */
  input?: Record<string, unknown> | null;
  /** To the questions, by their text. */
  answers?: Answers | null;
}

export interface ITrustedPath {
  path: string;
  trusted: boolean;
}

export interface ITrustList {
  items: ITrustedPath[];
}

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
  model?: ModelName;
  device_id?: string;
  workspace: IWorkspace;
  project_id?: number;
  attachments?: number[];
  context?: readonly IContextItem[];
  title?: string;
}

/** Without a path: the project's directory, else a new chat folder. */
export interface IWorkspace {
  path?: string;
  /** In a Git worktree of the task's own. */
  worktree?: boolean;
}

export interface ICreateTurn {
  prompt: string;
  mode?: Mode;
  /** Where to run it, where that is not where the task ran last. */
  device_id?: string;
  /** Only together with another device. */
  agent?: string;
  /** None: as before. Empty: no certain one. */
  model?: ModelName;
  /** On another device; none: where the task ran there before, else a new chat folder. */
  workspace?: IWorkspace;
  attachments?: number[];
  context?: readonly IContextItem[];
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
  /** The directory whose files this server shows, links followed; absent where it has none. */
  root?: string | null;
  /** Whose numbers those of its tasks are; null while no gateway runs here. */
  gateway_id?: string | null;
  /** What the operator wants every face to say. */
  notice?: string | null;
}

/** The body of every error answer. */
export interface IProblem {
  message: string;
  code: string;
  fix?: string | null;
}

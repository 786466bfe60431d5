/** What the gateway tells, for tests. */

import type { IProject } from '../src/api/projects';
import type { IAgent, IDevice, ITask } from '../src/api/types';

export function agent(id: string, ready: boolean): IAgent {
  const practice = id === 'practice';
  return {
    id,
    name: id,
    practice,
    ready,
    version: null,
    reason: null,
    fix: null,
    path: null,
    logged_in: null,
    login_command: null,
    install_command: null,
    install_mb: null,
    accepts_path: false,
    steering: false,
    models: []
  };
}

export function device(id: string, fields: Partial<IDevice> = {}): IDevice {
  return {
    device_id: id,
    name: id,
    status: 'online',
    device_type: 'local',
    bind_shell: 'claudecode',
    embedded: false,
    is_default: false,
    slot_used: 0,
    slot_max: 5,
    queued: 0,
    running_tasks: [],
    executor_version: null,
    last_heartbeat: null,
    agents: [],
    workspace_root: null,
    problem: null,
    machine: null,
    reported_name: null,
    reconnect_seconds: null,
    latest_version: null,
    update_available: false,
    client_ip: null,
    ...fields
  };
}

export function task(id: number, fields: Partial<ITask> = {}): ITask {
  return {
    id,
    title: `task ${id}`,
    agent: 'practice',
    practice: true,
    mode: 'full',
    model: null,
    device_id: 'd',
    workspace: null,
    workspace_source: 'local_path',
    project_id: null,
    state: 'running',
    cancelling: false,
    error: null,
    waiting: 0,
    queue_position: null,
    queue_reason: null,
    paused: false,
    turns: 1,
    created_at: '2026-11-23T08:00:00Z',
    updated_at: '2026-11-23T08:00:00Z',
    ...fields
  };
}

export function project(id: number, fields: Partial<IProject> = {}): IProject {
  const device_id = fields.device_id ?? 'd';
  return {
    id,
    name: `project ${id}`,
    config: {
      mode: 'workspace',
      execution: { deviceId: device_id },
      workspace: { source: 'local_path', localPath: `/srv/p${id}` },
      git: null
    },
    device_id,
    path: `/srv/p${id}`,
    state: 'ready',
    progress: null,
    error: null,
    warnings: [],
    repository: true,
    created_at: '2026-11-23T08:00:00Z',
    updated_at: '2026-11-23T08:00:00Z',
    ...fields
  };
}

/** A person's own runtime configuration; mirrors `wegent_jupyter/protocol/personal.py`, where every field is explained. */

export const CODEX = 'codex';

/** Bytes of JSON text that a login may have. */
export const MAX_AUTH_BYTES = 512 << 10;

export interface IRuntimeConfig {
  runtime: string;
  display_name: string;
  use_user_config: boolean;
  use_proxy: boolean;
  /** A login is saved. */
  configured: boolean;
  /** Where it goes on devices. */
  target_path: string;
  auth_json_sha256: string | null;
  auth_json_updated_at: string | null;
  proxy_configured: boolean;
  proxy_url_masked: string | null;
  proxy_updated_at: string | null;
  updated_at: string | null;
  auth_kind: 'chatgpt' | 'api_key' | null;
  /** Whether the operator lets people upload and import. */
  upload_allowed: boolean;
  /** Why what is saved cannot be used. */
  problem: string | null;
}

export interface IUpdateRuntimeConfig {
  use_user_config: boolean;
  /** Absent: as it is. */
  use_proxy?: boolean;
}

/** Of the login file on a device. */
export type SyncStatus =
  | 'unknown'
  | 'present'
  | 'missing'
  | 'writing'
  | 'written'
  | 'skipped_existing'
  | 'failed';

export interface IDeviceAuth {
  device_id: string;
  name: string;
  online: boolean;
  /** Null: not reported. */
  exists: boolean | null;
  /** As the device names it. */
  target_path: string | null;
  status: SyncStatus;
  error: string | null;
  synced_at: string | null;
}

export interface IDeviceAuthList {
  items: IDeviceAuth[];
  total: number;
}

export interface IProxyConfig {
  configured: boolean;
  proxy_url_masked: string | null;
  proxy_updated_at: string | null;
  updated_at: string | null;
}

export type LoginState =
  'none' | 'starting' | 'waiting' | 'done' | 'failed' | 'cancelled';

/** An agent's own login on one device. */
export interface IAgentLogin {
  device_id: string;
  agent: string;
  state: LoginState;
  /** To be opened in any browser. */
  url: string | null;
  /** To be typed there. */
  code: string | null;
  message: string | null;
  fix: string | null;
}

/** What may change in another page. */
export type SettingsKind = 'codex' | 'proxy' | 'models';

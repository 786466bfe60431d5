/** What credentials and joining take and give; mirrors `wegent_jupyter/protocol/access.py`. */

/** An API token, a long-lived key, a code with which one machine may join, the key of one device. */
export type CredentialKind = 'token' | 'key' | 'join' | 'device';

/** A secret that was given out, without the secret. */
export interface ICredential {
  id: number;
  kind: CredentialKind;
  name: string;
  /** The only device that may use it. */
  device_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface ICredentialList {
  items: ICredential[];
  total: number;
}

export interface ICreateCredential {
  kind: 'token' | 'key' | 'join';
  name: string;
}

export interface ICreatedCredential extends ICredential {
  secret: string;
}

/** A machine that waits for a person. */
export interface IJoinRequest {
  user_code: string;
  device_id: string;
  name: string;
  system: string;
  /** From where it asked. */
  address: string;
  /** A device with this id is there already. */
  known: boolean;
  expires_in: number;
  state: 'waiting' | 'approved' | 'denied';
}

/** One way in which another machine reaches this server. */
export interface IJoinWay {
  id: 'ssh' | 'direct';
  url: string;
  join: string;
  /** Starts the device again later. */
  run: string;
  works: boolean;
  reason: string | null;
  fix: string | null;
}

export interface IAddDevice {
  allowed: boolean;
  install: string;
  /** The best one first. */
  ways: IJoinWay[];
  stock: boolean;
  stock_reason: string | null;
}

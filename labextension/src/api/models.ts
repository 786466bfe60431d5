/** Model providers; mirrors `wegent_jupyter/protocol/models.py`, where every field is explained. */

/** The API that it speaks: Anthropic Messages, for Claude Code; OpenAI Responses, for Codex. */
export type ProviderKind = 'anthropic' | 'openai';

export const MAX_MODELS = 50;

export interface IProvider {
  id: number;
  name: string;
  kind: ProviderKind;
  /** Empty: the vendor's own. */
  base_url: string;
  /** There is a key, which nobody gets to see again. */
  has_key: boolean;
  models: string[];
  /** What tasks get that name no model. */
  default_model: string | null;
  /** Why it cannot be used. */
  problem: string | null;
  created_at: string;
  updated_at: string;
}

export interface IProviderList {
  items: IProvider[];
  total: number;
}

export interface ICreateProvider {
  name: string;
  kind: ProviderKind;
  base_url: string;
  key: string;
  models: string[];
  default_model: string | null;
}

/** What is absent stays. */
export interface IUpdateProvider {
  base_url?: string;
  /** Empty removes it. */
  key?: string;
  models?: string[];
  /** Empty: none. */
  default_model?: string;
}

/** What came of a test; one that failed is an answer, not an error. */
export interface ITestResult {
  ok: boolean;
  message: string;
  fix: string | null;
  seconds: number | null;
}

/** A model that tasks may name. */
export interface IModelChoice {
  /** `PROVIDER/MODEL` */
  model: string;
  kind: ProviderKind;
  is_default: boolean;
  /** The gateway gives address or key; else the agent's own login on the device is used. */
  issued: boolean;
}

export interface IModelChoices {
  items: IModelChoice[];
  total: number;
}

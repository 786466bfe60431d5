import * as React from 'react';

import { kindAgent } from '../../model/modelWords';
import { defaultOf, modelNames } from '../../model/providerDraft';
import { useTrans } from '../face';
import { Labelled } from '../Labelled';
import { SecretField } from '../SecretField';
import { Select } from '../Select';
import type { IPartProps } from './ProviderForm';

/** A key to be saved; one that is saved stays unless it is replaced or removed. */
export function KeyField(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { draft, saved, faults, change } = props;
  const kept = saved?.has_key === true;
  return (
    <Labelled
      text={trans.__('Key')}
      help={
        kept
          ? trans.__('Leave it empty to keep the saved key.')
          : trans.__('Encrypted when it is saved, and never shown again.')
      }
      wrong={faults.key}
    >
      {(id, about) => (
        <>
          <SecretField
            id={id}
            describedBy={about}
            invalid={faults.key !== undefined}
            label={trans.__('Key')}
            placeholder={
              kept ? trans.__('saved, never shown') : trans.__('optional')
            }
            maxLength={8192}
            value={draft.key}
            onChange={key => change({ key, dropsKey: false })}
          />
          {kept && (
            <label className="wegent-Check">
              <input
                type="checkbox"
                checked={draft.dropsKey}
                onChange={event =>
                  change({
                    dropsKey: event.target.checked,
                    ...(event.target.checked ? { key: '' } : {})
                  })
                }
              />
              {trans.__('Remove the saved key')}
            </label>
          )}
        </>
      )}
    </Labelled>
  );
}

/** The names of its models, one on each line. */
export function ModelsField(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { draft, faults, change } = props;
  return (
    <Labelled
      text={trans.__('Models')}
      help={trans.__('One name on each line, as the provider knows it.')}
      wrong={faults.models}
    >
      {(id, about) => (
        <textarea
          id={id}
          className="wegent-Field wegent-mod-code"
          aria-describedby={about}
          aria-invalid={faults.models !== undefined}
          rows={Math.min(8, Math.max(3, draft.models.split('\n').length))}
          spellCheck={false}
          value={draft.models}
          onChange={event => change({ models: event.target.value })}
        />
      )}
    </Labelled>
  );
}

/** Which of them answers tasks that name none. */
export function DefaultField(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { draft, change } = props;
  const agent = kindAgent(trans, draft.kind);
  return (
    <Labelled
      text={trans.__('Default')}
      help={trans.__(
        'What %1 uses where a task names no model. Only one provider of a kind has one.',
        agent
      )}
    >
      {(id, about) => (
        <Select
          id={id}
          describedBy={about}
          label={trans.__('Default')}
          value={defaultOf(draft)}
          options={[
            { value: '', label: trans.__("none: %1's own login", agent) },
            ...modelNames(draft.models).map(name => ({
              value: name,
              label: name
            }))
          ]}
          onPick={defaultModel => change({ defaultModel })}
        />
      )}
    </Labelled>
  );
}

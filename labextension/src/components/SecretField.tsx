import * as React from 'react';

/** A field for what nobody shall read over a shoulder, and no browser shall keep. */
export function SecretField(props: {
  label: string;
  placeholder: string;
  maxLength: number;
  value: string;
  id?: string;
  invalid?: boolean;
  describedBy?: string;
  onChange: (value: string) => void;
}): React.ReactElement {
  return (
    <input
      type="password"
      id={props.id}
      className="wegent-Field wegent-mod-code"
      aria-label={props.id ? undefined : props.label}
      aria-invalid={props.invalid}
      aria-describedby={props.describedBy}
      placeholder={props.placeholder}
      autoComplete="new-password"
      spellCheck={false}
      maxLength={props.maxLength}
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

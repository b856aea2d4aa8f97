import { useWords } from '../words';
import { LANGUAGES, type Language, setLanguage, useLanguage } from '../words/language';

export function LanguageChoice() {
  const say = useWords();
  const language = useLanguage();
  return (
    <select
      aria-label={say('language.label')}
      value={language}
      onChange={(event) => setLanguage(event.target.value as Language)}
    >
      {Object.entries(LANGUAGES).map(([id, name]) => (
        <option key={id} value={id} lang={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

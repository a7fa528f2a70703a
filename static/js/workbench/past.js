// What can be undone of a question, kept by this tab over a reload until the question is submitted.

import { tab } from "../kept.js";

export class Past {
  constructor(person) {
    this.prefix = `labelportal.undo.${person}.`;
  }

  /** An answer and a decision of the same question have a past each. */
  place(question) {
    return this.prefix + question.urls.submit;
  }

  keep(question, work) {
    this.put(question, work.past());
  }

  put(question, past) {
    tab.write(this.place(question), past);
  }

  read(question) {
    return tab.read(this.place(question));
  }

  drop(question) {
    tab.drop(this.place(question));
  }
}

// What can be undone of a question, kept by this tab over a reload until the question is submitted.

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
    try {
      sessionStorage.setItem(this.place(question), JSON.stringify(past));
    } catch {
      // Storage may be full or forbidden; undo then lasts as long as the page.
    }
  }

  read(question) {
    try {
      return JSON.parse(sessionStorage.getItem(this.place(question)));
    } catch {
      return null;
    }
  }

  drop(question) {
    try {
      sessionStorage.removeItem(this.place(question));
    } catch {
      // What cannot be removed could not be written.
    }
  }
}

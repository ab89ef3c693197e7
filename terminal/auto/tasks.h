/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks: what Cloudbox does by itself: one table of tasks, what is due of it, and doing it.
 *
 * `cloudbox run --once` looks, does what is due in the table's order, and ends.  `cloudbox run` looks as well, and
 * starts `run --once` when something is due; it looks again at next_unix_ms, when conditions change, when data of
 * an app changed (auto_note_change()), and after each child.
 */
#ifndef AUTO_TASKS_H
#define AUTO_TASKS_H

#include "auto/schedule.h"
#include "base/auto.h"

struct box;
struct remote;
struct unlocked; /* account/account.h */

#define AUTO_TASKS_MAX 8

/* All of it borrowed for the length of a call. */
struct auto_look {
	struct box *box;
	struct auto_plan plan;
	struct auto_conditions conditions;
	struct moment now;
	bool unlocked; /* a session is at hand, as auto_watch.unlocked will say; whoever looks sets it */
};

/* Whom a run tells.  Members may be NULL. */
struct auto_watch {
	void *ctx;
	void (*note)(void *ctx, const char *sentence); /* auto_note() */
	bool (*cancelled)(void *ctx);
	/* The unlocked session, if there is one: *out is borrowed.  0, AUTO_LOCKED or -1. */
	int (*unlocked)(struct unlocked **out, void *ctx, struct err *err);
};

#define AUTO_LOCKED 1

/* What a task did, for the line that tells it. */
struct auto_result {
	uint64_t items, failed; /* saved, purged, proven, ...; not so */
	uint64_t bytes_sent, bytes_received;
};

#define AUTO_NOTES_MAX 64 /* different sentences of a run; further ones are told each time */

/* Tasks at work; all zero but for what the caller lends: box, plan, conditions, watch.  auto_run_clear(). */
struct auto_run {
	struct box *box;
	const struct auto_plan *plan;
	const struct auto_conditions *conditions;
	const struct auto_watch *watch; /* or NULL */
	struct remote *remote;          /* auto_remote() */
	struct auto_result result;      /* of the task at work, which fills it */
	uint64_t noted[AUTO_NOTES_MAX], before[AUTO_NOTES_MAX]; /* hashes of sentences: tasks.c */
	size_t n_noted, n_before;
};

void auto_run_clear(struct auto_run *run);
AUTO_OBJ(auto_run_clear, struct auto_run);

/** For tasks: a sentence to know, such as that an item could not be read.  It goes to the watch, unless the task
 *  said the same at its run before. */
void auto_note(struct auto_run *run, const char *sentence);

#define AUTO_PARTIAL 1 /* done in part, each failed piece named */

struct auto_task {
	/* In settings and JSON: never change, never reuse.  N_(…): people read it in their language. */
	const char *name;
	/* Is it due, else when and why not.  No slow look: the Box's rows only. */
	int (*next)(struct auto_when *out, const struct auto_look *look,
		    const struct auto_past *past, struct err *err);
	/* Do it.  0, AUTO_PARTIAL (each failed piece was a note) with @err saying how many, or -1.  Its past is
	 * kept by auto_do(), whether or not it comes to an end. */
	int (*run)(struct auto_run *run, struct err *err);
};

/** The table; ends with a NULL name. */
extern const struct auto_task auto_tasks[];

struct auto_state {
	const struct auto_task *task;
	struct auto_when when;
};

/* What there is to do, in the table's order; tasks that are not planned are left out. */
struct auto_todo {
	struct auto_state states[AUTO_TASKS_MAX];
	size_t n;
	bool due;             /* at least one is */
	int64_t next_unix_ms; /* when to look again, if nothing changes before; 0: then not at all */
};

/** What a look needs, as it is now. */
int auto_look_now(struct auto_look *out, struct box *b, struct err *err);

/** Of one task.  The Box's errors. */
int auto_task_when(struct auto_when *out, const struct auto_task *task,
		   const struct auto_look *look, struct err *err);

/** Of all of them.  The Box's errors. */
int auto_todo(struct auto_todo *out, const struct auto_look *look, struct err *err);

/** For tasks: the account's server; contacts nobody yet.  NULL with @err. */
struct remote *auto_remote(struct auto_run *run, struct err *err);

/**
 * Do @task now and keep in its past how it went.
 * @is_news  false where it ended with the very problem that its run before had ended with; may be NULL.
 * @return   as the task's run(); or -1 where its past cannot be kept, and then it is not begun.
 */
int auto_do(bool *is_news, struct auto_run *run, const struct auto_task *task, struct err *err);

#endif

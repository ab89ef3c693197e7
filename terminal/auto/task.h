/* SPDX-License-Identifier: Apache-2.0 */
/* task: the tasks of the table in tasks.c; contracts: struct auto_task. */
#ifndef AUTO_TASK_H
#define AUTO_TASK_H

#include "auto/tasks.h"

typedef int auto_next_fn(struct auto_when *out, const struct auto_look *look,
			 const struct auto_past *past, struct err *err);
typedef int auto_run_fn(struct auto_run *run, struct err *err);

/* task_backup.c */
auto_next_fn task_backup_next, task_compare_next;
auto_run_fn task_backup_run, task_compare_run;

/* task_purge.c */
auto_next_fn task_purge_next;
auto_run_fn task_purge_run;

/* task_drill.c */
auto_next_fn task_locked_drill_next, task_drill_next;
auto_run_fn task_locked_drill_run, task_drill_run;
/* task_beat.c */
auto_next_fn task_beat_next;
auto_run_fn task_beat_run;

/** After the server was contacted: the account log, where it is longer than the one known here
 *  (@log_length; 0: not asked), and how the account stands; what is new is noted.  run->remote is there. */
int task_follow(struct auto_run *run, uint64_t log_length, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_process: a plug-in's program: started, spoken with line by line, ended.
 *
 *     plugin_process_start -> (plugin_process_tell, plugin_process_hear*)* -> plugin_process_end
 *
 * - No shell; one socket is its standard input and output; no other file of ours is open in it.  Its
 *   environment is HOME, PATH, the locale, TZ, the XDG folders and the addresses of D-Bus, nothing else;
 *   its working folder is /; it is a process group of its own.
 * - Its standard error goes to $XDG_STATE_HOME/cloudbox/plugin-APP.log, PLUGIN_LOG_BYTES of it at most.
 * - Every failure is final: the group is killed, and each later call says the same again.  A line has
 *   limits in bytes and in time, both checked before more is taken.
 */
#ifndef APPS_PLUGIN_PROCESS_H
#define APPS_PLUGIN_PROCESS_H

#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"

#define PLUGIN_LINE_BYTES_MAX (16u << 20) /* one line, either way */
#define PLUGIN_LOG_BYTES      (64u << 10) /* of one run */
#define PLUGIN_ANSWER_MS      30000       /* to take a request, or to give one line */
#define PLUGIN_END_MS         2000        /* to end by itself, once its input has ended */

struct plugin_process; /* opaque */

/**
 * Start @path.
 * @app        its name here, for messages and the log; borrowed as long as the process lives.
 * @path       absolute: a regular file that its owner alone, or its group, can change.
 * @answer_ms  instead of PLUGIN_ANSWER_MS; 0: that.
 * @return     0, or -1: ERR_NOT_FOUND, ERR_USAGE (no program, or one that anybody can change), ERR_IO,
 *             ERR_NOMEM.
 */
int plugin_process_start(struct plugin_process **out, const char *app, const char *path,
			 unsigned answer_ms, struct err *err);

/** End its input, wait for its end, kill what is left of the group.  NULL does nothing. */
void plugin_process_end(struct plugin_process *p);
AUTO_PTR(plugin_process_end, struct plugin_process);

/** Send @line, which ends with '\n'.  ERR_LIMIT (nothing was sent; not final), ERR_IO. */
int plugin_process_tell(struct plugin_process *p, struct span line, struct err *err);

/** The next line, without its '\n'; borrowed until the next call.  ERR_IO (it ended, it says nothing),
 *  ERR_LIMIT (a line that is too long), ERR_NOMEM. */
int plugin_process_hear(struct plugin_process *p, struct span *line, struct err *err);

/** What it said cannot be: end it, and give @why from now on.  Always -1. */
int plugin_process_fail(struct plugin_process *p, const struct err *why, struct err *err);

#endif

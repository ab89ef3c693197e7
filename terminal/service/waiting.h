/* SPDX-License-Identifier: Apache-2.0 */
/* waiting: what the service waits for, as it tells whoever asks at its socket. */
#ifndef SERVICE_WAITING_H
#define SERVICE_WAITING_H

#include "auto/tasks.h"

struct json_object;

/** An array of {task, reason, until}; what is due is left out.  NULL: no memory. */
struct json_object *waiting_json(const struct auto_todo *todo);

#define WAITING_MARK_BYTES 512

/** A text that is another where something else is waited for, or until another minute. */
void waiting_mark(char out[static WAITING_MARK_BYTES], const struct auto_todo *todo);

#endif

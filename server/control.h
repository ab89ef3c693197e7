/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: the socket in the data folder by which commands ask the running server.
 *
 * A connection carries one line of JSON each way (admin.h).  The socket's mode is 0600 and the
 * kernel says who is at the other end: the server's own user, or root, and nobody else.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "admin.h"

struct control;

/** Serve requests to @admin at @data_fd/control.  ERR_IO, ERR_NOMEM. */
int control_start(struct control **out, struct admin *admin, int data_fd, struct err *err);
/** Finish what is being answered; remove the socket.  NULL does nothing. */
void control_stop(struct control *c);

/** Ask the server of the folder @data_fd.  The answer is the caller's.  ERR_BUSY: the folder is
 *  locked, but nobody listens (yet). */
int
control_ask(struct json_object **answer, int data_fd, struct json_object *request, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* socket: see socket.h. */
#include "service/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/os.h"
#include "service/ask.h"
#include "service/message.h"

#define QUEUE 8 /* of those that wait to be accepted */

static void
address(struct sockaddr_un *a, int home_fd)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/" MESSAGE_SOCKET, home_fd);
}

static bool
is_of_our_user(int fd)
{
	struct ucred who;
	socklen_t n = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && who.uid == geteuid();
}

int
socket_listen(int *fd, int home_fd, struct err *err)
{
	struct sockaddr_un a;
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s < 0)
		return err_sys(err, errno, "cannot make the service's socket");
	address(&a, home_fd);
	os->unlinkat(home_fd, MESSAGE_SOCKET, 0);
	mode_t mask = umask(0177);
	int rc = bind(s, (const struct sockaddr *)&a, sizeof a);
	umask(mask);
	if (rc < 0 || listen(s, QUEUE) < 0) {
		err_sys(err, errno, "cannot listen on the service's socket");
		os->close(s);
		return -1;
	}
	*fd = s;
	return 0;
}

void
socket_remove(int home_fd)
{
	os->unlinkat(home_fd, MESSAGE_SOCKET, 0);
}

int
socket_accept(int *fd, int listener)
{
	*fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (*fd < 0 || is_of_our_user(*fd))
		return 0;
	os->close(*fd);
	*fd = -1;
	return 1;
}

int
socket_connect(int *fd, int home_fd, struct err *err)
{
	struct sockaddr_un a;
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (s < 0)
		return err_sys(err, errno, "cannot make a socket");
	address(&a, home_fd);
	/* EAGAIN: its queue is full; a service that does not accept is none. */
	if (connect(s, (const struct sockaddr *)&a, sizeof a) < 0) {
		int why = errno;

		os->close(s);
		return why == ENOENT || why == ECONNREFUSED
			       ? SERVICE_NONE
			       : err_sys(err, why, "cannot ask the service of this Box");
	}
	if (is_of_our_user(s)) {
		*fd = s;
		return 0;
	}
	os->close(s);
	return err_set(err, ERR_REFUSED,
		       "another user's process listens at the service's socket of this Box");
}

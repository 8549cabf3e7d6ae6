/* asleep: sleeps uninterruptibly until its input ends, for so long its child of vfork(2) has its memory. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

int main(void)
{
	struct rlimit none = {};
	char byte;

	setrlimit(RLIMIT_CORE, &none);
	if (!vfork()) {
		while (read(0, &byte, 1) > 0)
			;
		_exit(0);
	}
	for (;;)
		pause();
}

/*
 * eat_memory MEGABYTES [later]: touch so much memory; then print "ready" and stay until standard input ends.
 * "later": print "hungry", and eat when told "eat".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? atol(argv[1]) : 1) << 20;
	char *memory, word[3], byte;

	if (argc > 2 && !strcmp(argv[2], "later")) {
		puts("hungry");
		fflush(stdout);
		if (read(0, word, sizeof(word)) != sizeof(word))
			return 1;
	}
	memory = malloc(size);

	if (memory)
		for (size_t i = 0; i < size; i += 1024)
			((volatile char *)memory)[i] = 1;
	puts("ready");
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}

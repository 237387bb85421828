# The tests.  test/run does the work and prints the sum.

check: all sdk images
	@test/run

check-machines: iso
	@test/run machines

check-all: all sdk images
	@test/run all machines slow

bench: sdk zrun-release
	@ZRUN_NOBUILD=1 test/bench/run

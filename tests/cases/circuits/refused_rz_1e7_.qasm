OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q; bit[1] c; rz(1e7) q[0]; c = measure q;

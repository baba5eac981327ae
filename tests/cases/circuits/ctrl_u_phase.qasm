OPENQASM 3.0;
include "stdgates.inc";
// ctrl @ U(pi, 0, pi) is s on the control and cx; so twice is z on the control.
qubit[2] q; bit[2] c; h q[0]; ctrl @ U(pi, 0, pi) q[0], q[1]; ctrl @ U(pi, 0, pi) q[0], q[1]; h q[0]; c = measure q;

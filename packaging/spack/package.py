# Spack recipe: put it into a repository of your own (spack repo create), as packages/symsweep/package.py.
from spack.package import *


class Symsweep(CMakePackage):
    """Sweeps of small networks that grok, with symmetry measures, on a CPU cluster."""

    license("Apache-2.0")
    maintainers()

    # From a working copy: spack dev-build symsweep@main, or `spack develop --path COPY symsweep@main`.
    version("main", branch="main")

    depends_on("cmake@3.22:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5@1.10:1.14+hl")  # ~mpi or +mpi: a parallel one is used serially
    depends_on("openblas")  # its name, not the virtual blas: pkg-config must know openblas
    depends_on("cjson")
    depends_on("nauty")  # without it there is no symsweep symmetries: -DSYMSWEEP_NAUTY=OFF
    depends_on("openssl")
    depends_on("zlib-api")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define("SYMSWEEP_TESTS", False),
            self.define("MPI_C_COMPILER", self.spec["mpi"].mpicc),
            self.define("HDF5_PREFER_PARALLEL", self.spec["hdf5"].satisfies("+mpi")),
        ]

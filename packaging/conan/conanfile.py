# SPDX-License-Identifier: MIT
"""Recipe for Conan 2: `conan create packaging/conan`. The headers with their own CMake package, which finds the machine's
BLAS, and its CUDA toolkit where there is one, when a consumer is configured."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, cmake_layout
from conan.tools.files import copy


class SlimfitConan(ConanFile):
    name = "slimfit"
    license = "MIT"
    description = "Transformer fine-tuning in little memory, chosen at compile time"
    topics = ("transformers", "fine-tuning", "quantization", "header-only", "cuda")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeToolchain"

    def set_version(self):
        config = os.path.join(self.recipe_folder, "..", "..", "include", "slimfit", "core", "config.hpp")
        with open(config, encoding="utf-8") as text:
            self.version = re.search(r'version = "([^"]+)"', text.read()).group(1)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "include/*", "cmake/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)

    def build(self):
        cmake = CMake(self)
        cmake.configure({"SLIMFIT_BUILD_EXAMPLES": False, "SLIMFIT_INSTALL": True, "CMAKE_INSTALL_LIBDIR": "lib"})

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # Its own package file, which looks for a BLAS where it is used.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "slimfit")]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.defines = ["SLIMFIT_OPENMP_SIMD"]
        self.cpp_info.cxxflags = ["-fopenmp-simd", "-fno-math-errno"]
        if self.settings.os == "Linux":
            self.cpp_info.system_libs = ["pthread", "dl"]
